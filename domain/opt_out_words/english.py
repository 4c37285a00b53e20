"""English, as sellers write it."""

from domain.opt_out_words.english_conditional import ANOTHER_WAY, CONDITIONAL_DEMANDS, CONDITIONS
from domain.opt_out_words.english_demands import DEMANDS
from domain.opt_out_words.english_doubts import DOUBTS, WHOLE
from domain.opt_out_words.english_senses import NO_DEMANDS, OTHER_SENSES
from domain.opt_out_words.rules import Language

ENGLISH = Language(OTHER_SENSES, NO_DEMANDS, DEMANDS, CONDITIONAL_DEMANDS, CONDITIONS, ANOTHER_WAY, WHOLE, DOUBTS)
