"""Which conditions a batch is generated for: a design is a value (YAML or JSON) that gives its rows when asked."""
