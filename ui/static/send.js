// Comfort for the public form: places by typing, the telephone's position, pictures shown before they are sent.
// Without it everything still works.

import { combo, el } from './combo.js';

const box = document.querySelector('[data-combo]');
const take = box && combo(box);

const locate = document.querySelector('[data-locate]');
if (locate && !navigator.geolocation) locate.hidden = true;
else if (locate) {
  locate.addEventListener('click', () => {
    const out = locate.parentElement.querySelector('[role=status]');
    out.textContent = locate.dataset.wait;
    navigator.geolocation.getCurrentPosition(async ({ coords }) => {
      const form = locate.form;
      form.elements.lat.value = coords.latitude.toFixed(6);
      form.elements.lng.value = coords.longitude.toFixed(6);
      out.textContent = locate.dataset.done;
      try {
        const answer = await fetch(`/gui/areas?lat=${form.elements.lat.value}&lng=${form.elements.lng.value}`);
        const [place] = await answer.json();
        if (place) take(place);
      } catch {
        // the ward is found again when the form arrives
      }
    }, () => { out.textContent = locate.dataset.failed; }, { enableHighAccuracy: true, timeout: 15000 });
  });
}

for (const field of document.querySelectorAll('[data-files]')) {
  const input = field.querySelector('input[type=file]');
  const list = field.querySelector('.thumbs');
  input.addEventListener('change', () => {
    for (const img of list.querySelectorAll('img')) URL.revokeObjectURL(img.src);
    const files = [...input.files];
    list.replaceChildren(...files.map((f) => el('li', {}, el('img', { src: URL.createObjectURL(f), alt: '' }), el('span', {}, f.name))));
    input.setCustomValidity(files.length > Number(field.dataset.most) ? field.dataset.tooMany : '');
    input.reportValidity();
  });
}

const category = document.querySelector('#f-category');
if (category) {
  const hint = document.querySelector('#h-category');
  const usual = hint.textContent;
  const show = () => { hint.textContent = category.selectedOptions[0].dataset.hint || usual; };
  category.addEventListener('change', show);
  show();
}

// Sent without a name: the fields for it go away.
const anonymous = document.querySelector('input[name=anonymous]');
if (anonymous) {
  const named = document.querySelector('.only-named');
  const show = () => { named.hidden = anonymous.checked; };
  anonymous.addEventListener('change', show);
  show();
}

// The numbers to call stand there for who chose an emergency; without a script, for everybody.
const call = document.querySelector('.only-emergency');
if (call) {
  const show = () => { call.hidden = !document.querySelector('input[name=kind][value=emergency]').checked; };
  call.closest('fieldset').addEventListener('change', show);
  show();
}
