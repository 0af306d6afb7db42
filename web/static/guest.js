// Offers the browser's time zone where the guest's own is not known, and shows times in it at once.
const zone = document.querySelector("[data-guess-zone] select");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const shows = document.querySelector("form[method=get] select[name=zone]");
if (shows) shows.addEventListener("change", () => shows.form.submit());
if (zone && here && zone.value !== here && !location.search) {
  if (![...zone.options].some((option) => option.value === here)) zone.add(new Option(here.replaceAll("_", " "), here));
  zone.value = here;
  if (zone === shows) shows.form.submit();
}
