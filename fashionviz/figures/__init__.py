"""Results to pictures and plotly figures: pure functions, no state."""
