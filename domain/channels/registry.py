"""Every kind of connection there is: to add one, add its module and a line here."""

from domain.channels.base import Channel
from domain.channels.dialpad import Dialpad
from domain.channels.email import Email
from domain.channels.facebook import Facebook
from domain.channels.form import ContactForm
from domain.channels.kijiji import Kijiji
from domain.channels.simulator import Simulator
from domain.channels.twilio import Twilio

CHANNELS: dict[str, type[Channel]] = {
    "dialpad": Dialpad,
    "email": Email,
    "facebook": Facebook,
    "form": ContactForm,
    "kijiji": Kijiji,
    "twilio": Twilio,
    "simulator": Simulator,
}
