// The field for a place: typing without accents finds present units, also by their former names. Without scripts the
// typed name goes with the form and is found there.

export const el = (tag, attrs = {}, ...children) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) e.setAttribute(k, v);
  e.append(...children);
  return e;
};

// A combobox by the ARIA pattern: focus stays in the field, arrows walk the list, Enter takes, Escape closes.
export function combo(box) {
  const input = box.querySelector('input:not([type=hidden])');
  const hidden = box.querySelector('input[type=hidden]') || box.appendChild(el('input', { type: 'hidden', name: 'area' }));
  const list = el('ul', { role: 'listbox', id: input.id + '-list', class: 'combo-list', 'aria-label': box.querySelector('label').textContent.trim() });
  const said = el('span', { role: 'status', class: 'sr' });
  list.hidden = true;
  input.after(list, said);
  for (const [k, v] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': list.id })) input.setAttribute(k, v);

  let found = [], at = -1, timer, asked = 0;
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const mark = (i) => {
    at = i;
    [...list.children].forEach((li, n) => li.setAttribute('aria-selected', String(n === i)));
    if (i >= 0) {
      input.setAttribute('aria-activedescendant', list.children[i].id);
      list.children[i].scrollIntoView({ block: 'nearest' });
    }
  };
  const take = (place) => {
    asked++; // an answer still on its way must not open the list again
    clearTimeout(timer);
    input.value = place.name;
    hidden.value = place.code;
    close();
  };
  const show = (places) => {
    found = places;
    list.replaceChildren(...places.map((p, i) => {
      const li = el('li', { role: 'option', id: `${list.id}-${i}`, 'aria-selected': 'false' }, p.name);
      if (p.via) li.append(el('small', {}, `${box.dataset.via} ${p.via}`));
      li.addEventListener('mousedown', (event) => { event.preventDefault(); take(p); });
      return li;
    }));
    list.hidden = places.length === 0;
    input.setAttribute('aria-expanded', String(places.length > 0));
    at = -1;
    input.removeAttribute('aria-activedescendant');
    said.textContent = places.length ? box.dataset.count.replace('{0}', places.length) : box.dataset.none;
  };
  const ask = async (first) => {
    const q = input.value.trim();
    if (!q) return show([]);
    const mine = ++asked;
    try {
      const answer = await fetch('/gui/areas?q=' + encodeURIComponent(q));
      if (mine === asked && answer.ok && document.activeElement === input) {
        show(await answer.json());
        if (first && found.length) mark(0);
      }
    } catch {
      close(); // no network: the typed name goes with the form
    }
  };
  input.addEventListener('input', () => {
    hidden.value = '';
    for (const r of document.querySelectorAll('input[type=radio][name=area]')) r.checked = r.required = false;
    clearTimeout(timer);
    timer = setTimeout(() => ask(), 150);
  });
  input.addEventListener('keydown', (event) => {
    if (event.isComposing || event.keyCode === 229) return; // Vietnamese is being typed
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (list.hidden) return ask(true);
      const n = found.length;
      mark(event.key === 'ArrowDown' ? (at + 1) % n : (at - 1 + n) % n);
    } else if (event.key === 'Enter' && !list.hidden) {
      event.preventDefault();
      take(found[Math.max(at, 0)]);
    } else if (event.key === 'Enter' && input.value.trim() && !hidden.value) {
      event.preventDefault(); // on a slow line the list is not there yet: Enter must not send the half-filled form
      ask();
    } else if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  input.addEventListener('blur', close);
  return take;
}
