// Keys work wherever on the page the focus is, unless something else is being typed into.

/** A listener for `keydown` on the window, in its capture phase; `action(event)` gives what a key does now, if anything. */
function keyListener(root, note, action) {
  return (event) => {
    const path = event.composedPath();
    const elsewhere = !path.includes(root) && path[0] !== document.body && path[0] !== document.documentElement;
    if (elsewhere || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (path[0] === note) {
      event.stopPropagation();
      if (event.key !== "Escape" && (event.key !== "Enter" || event.shiftKey)) return;
      event.preventDefault();
      note.blur();
      root.focus({ preventScroll: true });
      return;
    }
    const act = action(event);
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the page around has keys of its own
    act();
  };
}
