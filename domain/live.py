"""The word by which processes tell each other that a listing's history changed."""

CHANNEL = "lotwire:history"  # a message on it: listing ids, space-separated
