// Runs in the head: the theme before the first paint, the time zone before the first request, the places for functions.
window.obsv = {};
window.dash_clientside = { obsv: {} };
window.dashAgGridFunctions = { obsv: window.obsv };
window.dashAgGridComponentFunctions = {};
(function () {
  let theme = 'dark';
  try { theme = JSON.parse(localStorage.getItem('theme')) || 'dark'; } catch (error) { /* private mode */ }
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.mantineColorScheme = theme;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  document.cookie = `obsv_tz=${zone}; path=/; max-age=31536000; SameSite=Lax`;
})();
