// @ts-check
// Runs in the head: the places for functions, the theme before the first paint, the time zone before the first request.
window.dash_clientside = { obsv: {} };
window.dashAgGridFunctions = {};
window.dashAgGridComponentFunctions = {};
(() => {
  let theme = 'dark';
  try {
    theme = JSON.parse(localStorage.getItem('theme') || '""') || 'dark';
  } catch {
    // In a private window there is no storage.
  }
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.mantineColorScheme = theme;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not everywhere, and comes too late.
  document.cookie = `obsv_tz=${zone}; path=${document.documentElement.dataset.root || ''}/; max-age=31536000; SameSite=Lax`;
})();
