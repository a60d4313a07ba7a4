"""Other spellings of the same objects. The canonical model is the only one inside this package (protocol §1.2)."""
