// What every page has: the focus goes to what went wrong, a form is sent once, colours change at once, things are
// copied and printed. Without it every page still works.

const main = () => {
  const focus = document.querySelector('[data-focus]');
  if (focus) focus.focus();
};

// A second click on a form that is under way does nothing. (The server knows a repeat too.)
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.dataset.many !== undefined) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = '1';
  form.setAttribute('aria-busy', 'true');
});

// Back in a page the browser kept: its forms may be sent again.
window.addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    form.removeAttribute('aria-busy');
  }
});

document.addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.copy !== undefined) {
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say(button.dataset.copied, button);
    } catch {
      // not allowed here: the text stands beside the button
    }
  } else if (button.dataset.print !== undefined) {
    event.preventDefault();
    window.print();
  }
});

// say tells it to the eye, on the button, and to screen readers.
function say(text, button) {
  if (!text) return;
  const out = button.parentElement.querySelector('[role=status]');
  if (out) out.textContent = text;
}

// The colours change without a new page; the form is sent in the background so that the choice is kept.
document.addEventListener('submit', (event) => {
  const form = event.target.closest('[data-theme-switch]');
  const button = event.submitter;
  if (!form || !button) return;
  event.preventDefault();
  delete form.dataset.sent;
  form.removeAttribute('aria-busy');
  if (button.value === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = button.value;
  for (const b of form.querySelectorAll('button')) b.setAttribute('aria-pressed', String(b === button));
  fetch(form.action, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ theme: button.value, back: '/' }) }).catch(() => form.submit());
});

// What needs a script is hidden until one runs.
document.documentElement.classList.add('js');
for (const el of document.querySelectorAll('[data-js]')) el.hidden = false;

main();
