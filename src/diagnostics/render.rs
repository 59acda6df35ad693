//! Diagnostics as text (with the excerpt and a caret) and as JSON (`CLI` contract).
