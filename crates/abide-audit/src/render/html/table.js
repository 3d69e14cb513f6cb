'use strict';
// Sorts and filters rows by what they show. Makes no markup from text.
(() => {
  const order = new Intl.Collator('en', { numeric: true });
  const make = (tag, props) => Object.assign(document.createElement(tag), props);

  const sortable = (table, body, rows) => {
    const heads = [...table.tHead.rows[0].cells];
    const value = (row, at) => {
      const cell = row.cells[at];
      return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
    };
    // Cells without a number come after those with one, whichever way is up.
    const compare = (a, b, sign) => typeof a !== typeof b ? (typeof a === 'number' ? -1 : 1)
      : sign * (typeof a === 'number' ? a - b : order.compare(a, b));
    heads.forEach((head, at) => {
      const button = make('button', { type: 'button' });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const now = head.getAttribute('aria-sort');
        const next = now === null ? 'ascending' : now === 'ascending' ? 'descending' : null;
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        const sorted = [...rows];
        if (next !== null) {
          head.setAttribute('aria-sort', next);
          const sign = next === 'ascending' ? 1 : -1;
          const keys = new Map(rows.map((row) => [row, value(row, at)]));
          sorted.sort((a, b) => compare(keys.get(a), keys.get(b), sign));
        }
        body.append(...sorted);
      });
    });
  };

  const filterable = (table, rows) => {
    const scroll = table.parentElement;
    const name = table.caption.textContent;
    const field = make('input', { type: 'search', placeholder: 'Filter rows' });
    field.setAttribute('aria-label', `Filter rows of ${name}`);
    const state = make('span', {});
    state.setAttribute('role', 'status');
    const bar = make('div', { className: 'filter' });
    bar.append(field, state);
    scroll.before(bar);
    let texts = null;
    let timer = 0;
    const apply = () => {
      texts ??= rows.map((row) => row.textContent.toLowerCase());
      const wanted = field.value.trim().toLowerCase().split(/\s+/);
      let shown = 0;
      rows.forEach((row, at) => {
        row.hidden = !wanted.every((word) => texts[at].includes(word));
        shown += row.hidden ? 0 : 1;
      });
      state.textContent = shown === rows.length ? ''
        : `${shown} of ${rows.length} rows shown; sums and print are of all rows`;
    };
    field.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(apply, 120);
    });
  };

  for (const table of document.querySelectorAll('table[data-live]')) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    sortable(table, body, rows);
    if (table.parentElement.classList.contains('long')) filterable(table, rows);
  }
})();
