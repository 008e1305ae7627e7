"""Grammars of VoiceXML: what a callee may say or key, and what it means (SRGS 1.0, SISR 1.0, JSGF, builtin types)."""

from app.voicexml.grammars.builtins import builtin
from app.voicexml.grammars.choices import dtmf_choice, keys_grammar, phrase_grammar
from app.voicexml.grammars.grammar import Answer, Grammar, Match
from app.voicexml.grammars.loading import load
from app.voicexml.grammars.meaning import Meaning
from app.voicexml.grammars.rules import BadGrammar, UnsupportedBuiltin, UnsupportedFormat

__all__ = [
    "Answer",
    "BadGrammar",
    "Grammar",
    "Match",
    "Meaning",
    "UnsupportedBuiltin",
    "UnsupportedFormat",
    "builtin",
    "dtmf_choice",
    "keys_grammar",
    "load",
    "phrase_grammar",
]
