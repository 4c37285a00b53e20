"""What stands on the sample dealership's list, who sells it, and what was said. All of it is invented."""

# year, make, model, trim, color, body style, drivetrain, engine, miles, price, source
CARS = (
    (2019, "Honda", "CR-V", "EX-L", "Blue", "SUV", "AWD", "1.5L turbo", 48210, 21900, "Facebook Marketplace"),
    (2017, "Toyota", "Camry", "SE", "Silver", "Sedan", "FWD", "2.5L", 71340, 15800, "Craigslist"),
    (2020, "Subaru", "Outback", "Premium", "Green", "Wagon", "AWD", "2.5L", 39800, 23400, "AutoTrader"),
    (2016, "Ford", "F-150", "XLT", "Red", "Pickup", "4WD", "3.5L EcoBoost", 98450, 19900, "Facebook Marketplace"),
    (2018, "Mazda", "CX-5", "Touring", "Gray", "SUV", "AWD", "2.5L", 60120, 17500, "Craigslist"),
    (2021, "Hyundai", "Tucson", "SEL", "White", "SUV", "FWD", "2.0L", 31400, 20100, "AutoTrader"),
    (2015, "Nissan", "Altima", "2.5 S", "Black", "Sedan", "FWD", "2.5L", 112300, 8400, "Facebook Marketplace"),
    (2019, "Jeep", "Wrangler", "Sport S", "Green", "SUV", "4WD", "3.6L V6", 52700, 28900, "AutoTrader"),
    (2018, "Volkswagen", "Golf", "SE", "White", "Hatchback", "FWD", "1.8L turbo", 64900, 12900, "Craigslist"),
    (2020, "Kia", "Telluride", "EX", "Silver", "SUV", "AWD", "3.8L V6", 45600, 31200, "AutoTrader"),
    (2014, "Honda", "Accord", "Sport", "Gold", "Sedan", "FWD", "2.4L", 121000, 9200, "Facebook Marketplace"),
    (2017, "Chevrolet", "Silverado 1500", "LT", "Black", "Pickup", "4WD", "5.3L V8", 87600, 24500, "AutoTrader"),
    (2019, "Toyota", "RAV4", "XLE", "Red", "SUV", "AWD", "2.5L", 55300, 23800, "Craigslist"),
    (2016, "Subaru", "Forester", "Limited", "Blue", "SUV", "AWD", "2.5L", 90200, 13600, "Facebook Marketplace"),
    (2022, "Toyota", "Prius", "LE", "White", "Hatchback", "FWD", "1.8L hybrid", 24100, 24900, "AutoTrader"),
    (2018, "Ford", "Escape", "Titanium", "Gray", "SUV", "AWD", "2.0L turbo", 68800, 14200, "Craigslist"),
    (2015, "Lexus", "ES 350", "Base", "Silver", "Sedan", "FWD", "3.5L V6", 84500, 15900, "Facebook Marketplace"),
    (2020, "Honda", "Civic", "EX", "Red", "Sedan", "FWD", "1.5L turbo", 41900, 18700, "Craigslist"),
    (2017, "GMC", "Acadia", "SLE", "Gold", "SUV", "AWD", "3.6L V6", 79300, 16800, "AutoTrader"),
    (2019, "Nissan", "Rogue", "SV", "Blue", "SUV", "AWD", "2.5L", 58600, 15400, "Facebook Marketplace"),
    (2013, "Toyota", "Tacoma", "SR5", "White", "Pickup", "4WD", "4.0L V6", 134800, 16900, "Craigslist"),
    (2021, "Mazda", "3", "Preferred", "Red", "Hatchback", "AWD", "2.5L", 28400, 19600, "AutoTrader"),
    (2018, "Audi", "Q5", "Premium", "Black", "SUV", "AWD", "2.0L turbo", 61700, 21300, "Facebook Marketplace"),
    (2016, "Hyundai", "Elantra", "SE", "Silver", "Sedan", "FWD", "1.8L", 93100, 7900, "Craigslist"),
    (2020, "Ram", "1500", "Big Horn", "Blue", "Pickup", "4WD", "5.7L V8", 57400, 30500, "AutoTrader"),
    (2017, "BMW", "330i", "xDrive", "White", "Sedan", "AWD", "2.0L turbo", 66200, 18400, "Facebook Marketplace"),
    (2019, "Kia", "Soul", "LX", "Green", "Hatchback", "FWD", "2.0L", 49900, 11800, "Craigslist"),
    (2018, "Acura", "RDX", "Advance", "Gray", "SUV", "AWD", "3.5L V6", 72300, 19800, "AutoTrader"),
)

# first name, last name, city, state, ZIP
SELLERS = (
    ("Dana", "Whitfield", "Hartford", "CT", "06105"),
    ("Luis", "Moreno", "New Britain", "CT", "06051"),
    ("Karen", "Osborne", "Glastonbury", "CT", "06033"),
    ("Tyrell", "Banks", "Manchester", "CT", "06040"),
    ("Emily", "Novak", "West Hartford", "CT", "06107"),
    ("George", "Papadakis", "Wethersfield", "CT", "06109"),
    ("Aisha", "Rahman", "East Hartford", "CT", "06108"),
    ("Kevin", "Doyle", "Avon", "CT", "06001"),
    ("Hannah", "Schultz", "Simsbury", "CT", "06070"),
    ("Marcus", "Greene", "Windsor", "CT", "06095"),
    ("Olga", "Petrova", "Newington", "CT", "06111"),
    ("Pete", "Lindqvist", "Southington", "CT", "06489"),
    ("Rosa", "Delgado", "Bristol", "CT", "06010"),
    ("Nathan", "Cho", "Farmington", "CT", "06032"),
    ("Grace", "Okafor", "Bloomfield", "CT", "06002"),
    ("Tom", "Wozniak", "Enfield", "CT", "06082"),
    ("Linda", "Marchetti", "Rocky Hill", "CT", "06067"),
    ("Jamal", "Foster", "Middletown", "CT", "06457"),
    ("Sophie", "Lambert", "Cromwell", "CT", "06416"),
    ("Raymond", "Pike", "Meriden", "CT", "06450"),
    ("Beth", "Sandoval", "Vernon", "CT", "06066"),
    ("Anil", "Kapoor", "South Windsor", "CT", "06074"),
    ("Julia", "Bennett", "Canton", "CT", "06019"),
    ("Walter", "Reyes", "Plainville", "CT", "06062"),
    ("Megan", "Fitzgerald", "Berlin", "CT", "06037"),
    ("Dmitri", "Volkov", "Tolland", "CT", "06084"),
    ("Carla", "Mendes", "Ellington", "CT", "06029"),
    ("Scott", "Huang", "Granby", "CT", "06035"),
)

# listing -> lines of (who, hours ago, words, state, reason)
TALKS: dict[int, tuple[tuple[str, ...], ...]] = {
    0: (
        (
            "maya",
            "50",
            "Hi Dana, this is Maya. I buy for Harbor Auto Buyers. Is the 2019 Honda CR-V for sale?",
        ),
        ("seller", "49.7", "Hi Maya! Yes it is. What would you offer? I have the title and both keys."),
        (
            "maya",
            "27",
            "Thanks, Dana. We can look at it any day this week and pay the same day. Does Thursday after 4 suit you?",
        ),
        ("seller", "1.2", "Could do Thursday after 4. Do I come to you on Wethersfield Ave?"),
    ),
    1: (
        (
            "ben",
            "30",
            "Hi Luis, this is Ben. I buy for Harbor Auto Buyers. Is your Camry for sale?",
        ),
    ),
    2: (
        ("ben", "74", "Hi Karen, this is Ben. I buy cars for Harbor Auto Buyers. Is the Outback still for sale?"),
        ("seller", "73", "It is, but someone is coming to see it tonight."),
        ("ben", "72.5", "Thanks for telling me. If it does not work out, may I make you an offer tomorrow?"),
        ("seller", "48", "They did not show up. What is your offer?"),
    ),
    4: (
        (
            "maya",
            "26",
            "Hi Emily, this is Maya from Harbor Auto Buyers. Is the 2018 Mazda CX-5 still for sale?",
            "undelivered",
            "This number cannot get texts.",
        ),
    ),
    6: (
        (
            "ben",
            "100",
            "Hi Aisha, this is Ben. I buy for Harbor Auto Buyers. Is your Altima for sale?",
        ),
        ("seller", "99", "Sold it yesterday, sorry!"),
        ("ben", "98.9", "Congratulations, Aisha, and thanks for telling me."),
    ),
    9: (
        (
            "maya",
            "6",
            "Hi Marcus, this is Maya. I buy for Harbor Auto Buyers. Is your Telluride for sale?",
        ),
        ("seller", "5.4", "Yes. 31,200 is firm though."),
    ),
}
