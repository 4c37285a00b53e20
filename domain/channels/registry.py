"""Every kind of connection there is: to add one, add its module and a line here."""

from domain.channels.base import Channel
from domain.channels.dialpad import Dialpad
from domain.channels.facebook import Facebook
from domain.channels.simulator import Simulator

CHANNELS: dict[str, type[Channel]] = {
    "dialpad": Dialpad,
    "simulator": Simulator,
    "facebook": Facebook,
    "twilio": Twilio,
}
