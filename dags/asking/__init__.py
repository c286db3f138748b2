"""Policy `ask`: somebody decides what becomes of the symbols that the gate would hold."""
