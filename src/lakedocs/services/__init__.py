"""How outside services are called: what every capability may use, and none owns."""
