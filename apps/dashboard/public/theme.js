// Runs before anything is painted, so that no page flashes in the wrong colours.
(function () {
  var stored = null;
  try {
    stored = localStorage.getItem('penstock-color-scheme');
  } catch (error) {
    stored = null; // storage may be forbidden; the system's choice is used then
  }
  var dark =
    stored === 'dark' || (stored !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
  var meta = document.querySelector('meta[name="theme-color"]');
  if (meta) meta.setAttribute('content', dark ? '#0f1718' : '#ffffff');
})();
