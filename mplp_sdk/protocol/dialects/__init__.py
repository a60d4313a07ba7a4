"""Other spellings of the same objects. The canonical model is the only one inside this package.

    rfc               camelCase objects of the RFC document, steps instead of tasks
    draft             objects of Design-draft: context, plan, execution
    context-message   payloads of Context-messages: context, participant
    frozen            the protocol's later line, closed objects; see `frozen`

    from mplp_sdk.protocol.dialects import convert, parse

    plan = parse(text)                      # recognises dialect and kind, returns the model
    there = convert(plan, to="rfc")         # there.object, there.lost
    back = convert(there.object, to="canonical").object

A spelling is a table (`_rfc`, `_draft`, …) that says what is meant by each member. What a table does not
carry over is found by comparing, and kept in a bag (`_shape`, `_residue`, `_seat`), so that there and back is
identity.
Spec: protocol §1.2, §9.
"""

from mplp_sdk.protocol.dialects._convert import (
    DIALECTS,
    KINDS,
    Converted,
    Recognised,
    convert,
    parse,
    recognise,
)

__all__ = ["DIALECTS", "KINDS", "Converted", "Recognised", "convert", "parse", "recognise"]
