"""What people write to each other in the bench: sentences of the length that agents and sellers use."""

SAID = (
    "Hi Dana, is your 2019 Subaru Outback Premium still for sale? I buy for Harbor Motors here in town.",
    "Yes it is! I have had a few people ask already, but nobody has come to see it so far.",
    "Great. Does it have any accidents or open recalls, and do you have both keys and the title in hand?",
    "Clean title, two keys, one small dent on the rear door. I can send more pictures tonight after work.",
    "That helps, thank you. Could you bring it by on Tuesday at 4:30? The appraisal takes about 20 minutes.",
)
MESSAGES = 50  # of the conversation on a page: as many as a history shows at once
WORDING = (
    "Hi {{seller.first_name}}, this is {{agent.first_name}}. Is your {{vehicle.title}} at {{listing.price}} still for "
    "sale? Reply STOP to end."
)
