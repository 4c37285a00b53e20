"""One wording to many listings, now or later: chosen, looked at before anything leaves, expanded, watched."""
