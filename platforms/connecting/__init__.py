"""Getting an owner's permission: one OAuth client a service behind one small Protocol (`platforms.connecting.base`)."""
