"""Pure protocol logic without I/O: ids and times, the response envelope, JSON Schemas."""
