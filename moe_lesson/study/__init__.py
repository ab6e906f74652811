"""What the router did: measures, plots, checks, widgets."""
