// SPDX-License-Identifier: Apache-2.0

/// What the list shows: findings, cycles, classes or dependencies, as far as they fit the search.
const lists = (() => {
    const place = document.getElementById('list');
    const tabs = document.getElementById('tabs');
    const off = new Set();
    const opened = new Set(graph.findings.slice(0, 1));
    let isNewOnly = false;
    let revealed = null;
    let current = graph.findings.length > 0 ? 'findings' : 'classes';
    let query = '';
    let fits = search('');

    const sorted = {
        classes: [...graph.classes].sort((left, right) =>
            (right.component !== null) - (left.component !== null)
            || right.outgoing.length + right.incoming.length - left.outgoing.length - left.incoming.length),
        dependencies: [...graph.dependencies].sort(byWeight),
    };
    const kinds = {
        findings: { items: graph.findings, kind: 'finding', label: 'Findings', make: finding },
        components: { items: graph.components, kind: 'component', label: 'Cycles', make: component },
        classes: { items: sorted.classes, kind: 'class', label: 'Classes', make: lockClass },
        dependencies: {
            items: sorted.dependencies, kind: 'dependency', label: 'Dependencies',
            make: (each) => details.dependency(each),
        },
        times: { items: graph.times, kind: 'times', label: 'Times', make: times },
    };

    const group = (each) => (each.kind === 'cycle' ? `${each.kind} ${each.grade}` : each.kind);

    function found(name) {
        const { items, kind } = kinds[name];
        return query === '' ? items : items.filter(fits[kind]);
    }

    function tabBar() {
        tabs.replaceChildren(...Object.entries(kinds).map(([name, { items, label }]) => {
            const count = found(name).length;
            const number = query === '' ? String(items.length) : `${count} of ${items.length}`;
            return button(`${label} ${number}`, () => choose(name), {
                role: 'tab', 'aria-selected': String(name === current), 'data-tab': name,
            });
        }));
    }

    function choose(name) {
        current = name;
        render();
        window.scrollTo({ top: Math.min(window.scrollY, document.getElementById('tools').offsetTop) });
    }

    function render() {
        tabBar();
        const items = found(current);
        const content = current === 'findings' ? findingList(items)
            : current === 'times' ? timesList(items)
            : items.length === 0 ? [nothing()]
            : current === 'classes' ? [classTable(items)]
            : [plainList(items, kinds[current].make)];
        place.replaceChildren(...content.filter(Boolean));
    }

    function nothing() {
        const words = {
            findings: 'findings', components: 'cycles', classes: 'classes', dependencies: 'dependencies', times: 'times',
        };
        return element('p', { class: 'quiet' },
            query === '' ? `There are no ${words[current]}.` : `No ${words[current]} for “${query}”.`);
    }

    function plainList(items, make, least = 0) {
        const inner = element('div', null);
        return lazily(inner, inner, items, make, 50, least);
    }

    // MARK: Findings

    function findingList(items) {
        const groups = new Map();
        for (const each of items) groups.set(group(each), (groups.get(group(each)) ?? 0) + 1);
        const shown = items.filter((each) => !off.has(group(each)) && !(isNewOnly && each.isKnown));
        const toggles = [...groups].map(([name, count]) => button(`${name} ${count}`, () => {
            if (off.has(name)) off.delete(name);
            else off.add(name);
            render();
        }, { 'aria-pressed': String(!off.has(name)), title: 'Show or hide these' }));
        const novelty = items.some((each) => each.isKnown) ? button('new only', () => {
            isNewOnly = !isNewOnly;
            render();
        }, { 'aria-pressed': String(isNewOnly) }) : null;
        if (items.length === 0) return [nothing()];
        const setAll = (isOpen) => () => {
            for (const each of shown) {
                if (isOpen) opened.add(each);
                else opened.delete(each);
            }
            render();
        };
        return [
            element('div', { class: 'row' }, toggles, novelty,
                button('Expand all', setAll(true), { id: 'expand-all' }),
                button('Collapse all', setAll(false), { id: 'collapse-all' })),
            plainList(shown, finding, shown.indexOf(revealed) + 1),
        ];
    }

    function finding(each) {
        const head = [
            element('span', { class: 'kind' }, each.kind.toUpperCase()), ' ',
            element('code', null, each.signature), ' ',
            each.isNew && each.kind !== 'new' ? element('span', { class: 'badge new' }, 'NEW') : null,
            each.isKnown ? element('span', { class: 'badge' }, `in ${graph.baseline || 'baseline'}`) : null,
            each.grading && ` ${each.grading}`, each.rule && ` ‘${each.rule}’`,
            element('div', { class: 'mono' }, phrase(told(each))),
            each.context ? element('div', { class: 'quiet mono' }, each.context.split('  ').join(' · ')) : null,
        ];
        const made = folding({
            class: each.isNew ? 'finding new' : 'finding', 'data-signature': each.signature,
        }, head, () => findingBody(each));
        made.addEventListener('toggle', () => {
            if (made.open) opened.add(each);
            else opened.delete(each);
        });
        if (opened.has(each)) made.unfold();
        return made;
    }

    /// A finding's line without what its heading says already.
    function told({ kind, grade, text }) {
        const prefix = grade === '' ? `${kind}: ` : `${kind} (${grade}): `;
        return text.startsWith(prefix) ? text.slice(prefix.length) : text;
    }

    function findingBody(each) {
        const steps = each.steps.map((step, index) => details.dependency(step, index + 1));
        each.steps.forEach((step, index) => {
            if (step.isNew || index === each.last || each.steps.length <= 2) steps[index].unfold();
        });
        const setAll = (isOpen) => () => {
            for (const step of steps) {
                if (isOpen) step.unfold();
                else step.open = false;
            }
        };
        return [
            element('div', { class: 'row' },
                each.classes.length + each.steps.length > 0 ? button('Picture', () => open(each)) : null,
                steps.length > 1 ? [button('All stacks', setAll(true)), button('No stacks', setAll(false))] : null),
            steps,
            each.tasks.map((task) => element('div', { class: 'dependency' },
                element('div', { class: 'body' }, element('h3', null, participant(task)), details.frames(task.stack)))),
            each.notes.length === 0 ? null
                : element('ul', { class: 'notes' }, each.notes.map((note) => element('li', null, note))),
        ];
    }

    function participant(task) {
        return [task.who, task.waitsFor && `waits for ${task.waitsFor}`, task.site && `in ${task.site}`,
            task.holds && `holds ${task.holds}`].filter(Boolean).join(', ');
    }

    /// Shows a finding's picture, and marks it in the list.
    function open(each) {
        pane.showFinding(each);
        for (const other of place.querySelectorAll('.finding')) {
            other.classList.toggle('shown', other.dataset.signature === each.signature);
        }
        remember(`finding=${each.signature}`);
    }

    // MARK: Cycles and classes

    function component(each) {
        const cycles = each.isCounted ? counted(each.cycles, 'cycle') : `at least ${each.cycles} cycles`;
        const names = each.classes.slice(0, 12).map((member) => member.name).join(', ');
        const rest = each.classes.length > 12 ? ` and ${each.classes.length - 12} more` : '';
        return element('div', { class: each.isNew ? 'component new' : 'component' },
            element('h2', null, `${cycles} over ${counted(each.classes.length, 'class', 'classes')}, `
                + counted(each.dependencies.length, 'dependency', 'dependencies')),
            element('p', { class: 'quiet mono' }, phrase(names + rest)),
            each.cut.map((step) => element('p', null, element('span', { class: 'badge' }, 'BREAK'), ' ',
                element('span', { class: 'mono' }, phrase(`${heldName(step)} -> ${takenName(step)}`)), ` ${step.cut}`)),
            button('Picture', () => pane.showComponent(each)));
    }

    function classTable(items) {
        const body = element('tbody', null);
        const table = element('table', null,
            element('thead', null, element('tr', null, element('th', null, 'Class'), element('th', null, 'Type'),
                element('th', { class: 'figure' }, 'In'), element('th', { class: 'figure' }, 'Out'),
                element('th', null, 'Named by'))),
            body);
        return lazily(table, body, items, lockClass, 100);
    }

    function lockClass(each) {
        return element('tr', { 'data-class': each.index },
            element('td', null, link(each.name, () => pane.showClass(each)),
                each.component === null ? null : [' ', element('span', { class: 'badge may' }, 'on a cycle')],
                each.origin && element('div', { class: 'quiet' }, each.origin)),
            element('td', { class: 'short' }, each.type),
            element('td', { class: 'figure' }, String(each.incoming.length)),
            element('td', { class: 'figure' }, String(each.outgoing.length)),
            element('td', { class: 'quiet' }, `${each.naming}${each.isInferred ? ' (inferred)' : ''}`));
    }

    // MARK: Times

    const figures = [
        ['Times', 'count'], ['Total', 'total'], ['p50', 'p50'], ['p90', 'p90'], ['p99', 'p99'], ['Max', 'longest'],
    ];
    let order = 'total';

    function timesList(items) {
        const note = graph.timesNote === '' ? null : element('p', { class: 'quiet' }, graph.timesNote);
        if (items.length === 0) return [graph.times.length === 0 ? note ?? nothing() : nothing()];
        const headings = figures.map(([label, figure]) =>
            element('th', { class: 'figure', 'aria-sort': figure === order ? 'descending' : 'none' },
                button(label, () => {
                    order = figure;
                    render();
                }, { class: 'link', title: 'The largest first' })));
        const body = element('tbody', null);
        const table = element('table', { id: 'times' },
            element('thead', null, element('tr', null, element('th', null, 'Class'), element('th', null, ''), headings)),
            body);
        const wide = element('div', { class: 'scroll' }, table);
        return [lazily(wide, body, [...items].sort((left, right) => right[order] - left[order]), times, 100), note];
    }

    function times(each) {
        const cells = figures.map(([, figure]) => element('td', { class: 'figure' },
            figure === 'count' ? String(each.count) : duration(each[figure])));
        return element('tr', { class: each.kind },
            element('td', null, link(inMode(each.class, each.mode), () => pane.showClass(each.class))),
            element('td', { class: 'short quiet' }, each.kind === 'wait' ? 'waited' : 'held'),
            cells);
    }

    function setQuery(text) {
        query = text.trim();
        fits = search(query);
        // A search that the list at hand cannot answer is shown where it can be.
        if (query !== '' && found(current).length === 0) {
            current = Object.keys(kinds).find((name) => found(name).length > 0) ?? current;
        }
        render();
    }

    /// Opens a finding where it stands in the list.
    function reveal(each) {
        revealed = each;
        opened.clear();
        opened.add(each);
        render();
        const made = [...place.querySelectorAll('.finding')];
        made.find((other) => other.dataset.signature === each.signature)?.scrollIntoView();
        open(each);
    }

    return { render, setQuery, reveal };
})();
