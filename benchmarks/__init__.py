"""What a step and a page cost, beside the least that they could cost on the same servers: `make bench`."""
