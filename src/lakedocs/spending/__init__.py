"""What outside services cost: prices, estimates before a run, and a bound that no run passes."""
