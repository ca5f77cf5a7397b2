"""Who sees a wrong backward pass: what people use today, and this harness, side by side."""
