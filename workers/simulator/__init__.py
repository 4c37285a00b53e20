"""The carrier in a box: speaks Dialpad's protocol, shows the seller's phone, and misbehaves on request."""
