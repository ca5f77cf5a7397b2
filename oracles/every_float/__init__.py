"""Value and derivative of every activation against truth, on every float32 there is."""
