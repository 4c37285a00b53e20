"""A message to oneself that shows whether a connection carries."""

from domain.trials.forms import of_site, send_by_form
from domain.trials.reaching import Place, how, places
from domain.trials.sending import Trial, send

__all__ = ["Place", "Trial", "how", "of_site", "places", "send", "send_by_form"]
