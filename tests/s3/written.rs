//! The way back: a package names the entry that binds it, whoever writes that, and loses nothing by it.
