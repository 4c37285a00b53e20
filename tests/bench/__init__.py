"""`./lotwire bench`: how fast this machine starts, shows pages, sends and imports, beside bare programs."""
