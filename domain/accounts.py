"""A dealership (rooftop): its plan, its place, its switches."""

from enum import StrEnum

from piccolo.columns import Boolean, Text, Varchar
from piccolo.table import Table

from domain.columns import key, made
from domain.db import DB


class Tier(StrEnum):
    STANDARD = "standard"
    PROFESSIONAL = "professional"
    ACCELERATED = "accelerated"


class Account(Table, db=DB, tablename="account"):
    id = key()
    slug = Varchar(60, unique=True)
    name = Text()
    tier = Varchar(20, default=Tier.ACCELERATED)
    country = Varchar(2, default="US")
    timezone = Varchar(60, default="America/New_York")
    currency = Varchar(3, default="USD")
    phone = Text(default="")
    email = Text(default="")
    website = Text(default="")
    street = Text(default="")
    city = Text(default="")
    state = Text(default="")
    postal_code = Text(default="")
    scheduled_messages = Boolean(default=True)
    facebook = Boolean(default=False)
    kijiji = Boolean(default=False)
    plain_texts = Boolean(default=False)  # swap look-alike characters so that a text stays GSM-7
    managers_own_global_templates = Boolean(default=False)
    created_at = made()


class PlanFeature(Table, db=DB, tablename="plan_feature"):
    """Whether a tier includes a feature or an app: data, edited on /plans by the installation's owner."""

    id = key()
    tier = Varchar(20)
    feature = Varchar(40)
    included = Boolean(default=False)
