"""The report's figures, drawn as SVG."""
