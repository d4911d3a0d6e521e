// Which colleagues have a ticket of the list on their screens: an eye and their names in its row, where nothing moves for
// it. Without the live line there is none.

export function eyes(work) {
  let now = {};
  const { me, eyes: text } = work.dataset;
  const show = (row) => {
    const names = (now[row.dataset.code] || []).filter(([user]) => user !== me).map(([, name]) => name);
    const mark = row.querySelector('.item-eyes');
    const said = names.length ? text.replace('{0}', names.join(', ')) : '';
    if (!mark || mark.title === said) return;
    mark.hidden = !said;
    mark.title = said;
    mark.querySelector('.sr').textContent = said;
  };
  const all = () => document.querySelectorAll('.item[data-code]').forEach(show);
  document.addEventListener('live:eyes', (event) => {
    now = event.detail.eyes;
    all();
  });
  document.addEventListener('live:state', (event) => {
    if (event.detail.state === 'online') return;
    now = {};
    all();
  });
  return all; // for rows that were put there anew
}
