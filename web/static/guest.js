// Offers the browser's time zone where the guest's own is not known.
const zone = document.querySelector("[data-guess-zone] select");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && [...zone.options].some((option) => option.value === here)) zone.value = here;
