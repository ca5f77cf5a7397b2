"""How strong a check is: the user's own subject, made wrong from outside, in the user's own cases.

`mutation` has what a mutation is, the modules ``of_*``, `rarely` and `manners` have the mutations,
`trial` puts one to the cases, and `remedies` looks for what would have caught a survivor.
"""
