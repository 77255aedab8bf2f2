"""How good a model is: on patients that it has not seen, beside real against real."""
