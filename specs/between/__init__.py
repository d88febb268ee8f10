"""What only our own two programs say to each other: requests, frames, reports, the index of output."""
