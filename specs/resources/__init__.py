"""Resources: sums, ranges, texts, and what makes one valid."""
