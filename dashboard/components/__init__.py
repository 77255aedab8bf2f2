"""Components that run in the browser: HTML, CSS and JavaScript of each in a folder of its own, no build step."""
