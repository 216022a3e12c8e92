// SPDX-License-Identifier: Apache-2.0

(() => {
    const field = document.getElementById('search');
    let pending = 0;
    field.addEventListener('input', () => {
        clearTimeout(pending);
        pending = setTimeout(() => lists.setQuery(field.value), 80);
    });
    document.addEventListener('keydown', (event) => {
        if (event.key === '/' && document.activeElement !== field && !event.ctrlKey && !event.metaKey) {
            event.preventDefault();
            field.focus();
            field.select();
        } else if (event.key === 'Escape' && document.activeElement === field) {
            field.value = '';
            field.blur();
            lists.setQuery('');
        }
    });
    document.getElementById('theme').addEventListener('click', () => {
        const root = document.documentElement;
        const isDark = root.dataset.theme === undefined
            ? matchMedia('(prefers-color-scheme: dark)').matches : root.dataset.theme === 'dark';
        root.dataset.theme = isDark ? 'light' : 'dark';
    });

    /// The finding or class that the address asks for, or what matters most.
    function start() {
        const [what, value = ''] = location.hash.slice(1).split('=', 2);
        if (what === 'finding') {
            const wanted = graph.findings.find((each) => value !== '' && each.signature.startsWith(value));
            if (wanted !== undefined) return () => lists.reveal(wanted);
        }
        if (what === 'class') {
            const name = decoded(value);
            const wanted = graph.classes.find((each) => each.name === name);
            if (wanted !== undefined) return () => pane.showClass(wanted);
        }
        const first = graph.findings.find((each) => each.kind === 'cycle')
            ?? graph.findings.find((each) => each.steps.length > 0);
        if (first !== undefined) return () => pane.showFinding(first);
        if (graph.components.length > 0) return () => pane.showComponent(graph.components[0]);
        const busiest = graph.classes.reduce((best, each) =>
            (best === null || each.outgoing.length > best.outgoing.length ? each : best), null);
        return busiest === null ? () => details.clear() : () => pane.showClass(busiest);
    }

    function decoded(text) {
        try {
            return decodeURIComponent(text);
        } catch {
            return text;
        }
    }

    const begin = start();
    lists.render();
    // The list is on the screen before the picture is laid out.
    requestAnimationFrame(() => setTimeout(begin, 0));
})();
