// The numbers on the tabs above the queue.

let asking;
// mine asks for those that are only this person's: they are not in the counts that everybody gets.
export function mine(base) {
  clearTimeout(asking);
  asking = setTimeout(async () => {
    try {
      const answer = await fetch(base + '/cua-toi');
      if (answer.ok) counts(await answer.json());
    } catch {
      // it is asked again with the next note
    }
  }, 500 + Math.random() * 1500);
}

// counts shows what is known of some tabs; a tab that is seldom needed hides when it is empty.
export function counts(all) {
  for (const [key, n] of Object.entries(all)) {
    const b = document.querySelector(`[data-tab="${key}"] [data-count]`);
    if (!b) continue;
    b.textContent = n > 999 ? '999+' : String(n);
    const tab = b.closest('[data-tab]');
    if (tab.dataset.seldom !== undefined) tab.hidden = n === 0 && !tab.hasAttribute('aria-current');
    if (key === 'undelivered' || key === 'disputed') tab.classList.toggle('alarm', n > 0);
  }
}
