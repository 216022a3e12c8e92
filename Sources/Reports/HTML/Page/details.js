// SPDX-License-Identifier: Apache-2.0

/// What is known of what was chosen in the picture, and how dependencies are shown wherever they are.
const details = (() => {
    const place = document.getElementById('details');

    function show(...content) {
        place.replaceChildren(...content.flat().filter(Boolean));
        place.scrollTop = 0;
    }

    function frames(stack) {
        return element('ol', { class: 'stack' }, graph.frames(stack).map((frame) => element('li', null, frame)));
    }

    function half(title, site, stack) {
        const isEmpty = graph.stacks[stack].length === 0;
        const missing = () => element('p', { class: 'quiet' }, `${site && `in ${site}; `}no stack was captured`);
        return element('div', null, element('h3', null, title), isEmpty ? missing() : frames(stack));
    }

    /// Both stacks of a dependency, side by side.
    function stacks(dependency) {
        return element('div', { class: 'pair' },
            half(`${heldName(dependency)} taken`, dependency.heldSite, dependency.heldStack),
            half(`${takenName(dependency)} ${dependency.isMay ? 'might be taken' : 'taken'}`, dependency.site,
                dependency.stack));
    }

    function badges(dependency) {
        return [
            dependency.isNew ? element('span', { class: 'badge new' }, 'NEW') : null,
            dependency.isMay ? element('span', { class: 'badge may' }, 'MAY') : null,
            dependency.cut === '' ? null : element('span', { class: 'badge' }, 'BREAK HERE'),
        ].filter(Boolean).flatMap((each) => [' ', each]);
    }

    /// A dependency that opens to its witness; `number` where it is one step of several.
    function dependency(each, number = '') {
        const who = [each.who, each.where, `x${each.count}`].filter(Boolean).join('  ');
        const names = element('span', { class: 'mono' }, phrase(`${heldName(each)} -> ${takenName(each)}`));
        return folding({ class: each.isNew ? 'dependency new' : 'dependency' }, [
            number === '' ? null : element('span', { class: 'number' }, String(number)), names, badges(each),
            element('div', { class: 'quiet mono' }, who),
        ], () => [element('p', { class: 'quiet' }, circumstances(each)), stacks(each)]);
    }

    function circumstances(each) {
        const parts = [
            each.test && `test ${each.test}`,
            each.who && `${each.who} on CPU ${each.cpu}`,
            each.time > 0 && `t=${(each.time / 1000).toFixed(3)}`,
            each.isDirect ? null : 'only with other locks held between',
            each.tasks > 1 && 'made by more than one task',
            each.sites.length > 1 && `call sites: ${each.sites.join(', ')}`,
            each.isKnown && `in ${graph.baseline || 'the baseline'}`,
            each.cut && `best broken here: ${each.cut}`,
        ];
        return parts.filter(Boolean).join(' · ');
    }

    function showDependencies(list) {
        const made = list.map((each) => dependency(each));
        made[0].unfold();
        const [first] = list;
        show(element('h2', { class: 'mono' }, `${first.from.name} -> ${first.to.name}`),
            element('div', { class: 'row' }, link(first.from.name, () => pane.showClass(first.from)),
                link(first.to.name, () => pane.showClass(first.to))),
            made);
    }

    function side(title, list) {
        if (list.length === 0) return null;
        const inner = element('div', null);
        return [element('h3', null, `${title} (${list.length})`),
            lazily(inner, inner, [...list].sort(byWeight), (each) => dependency(each), 30)];
    }

    function showClass(lockClass) {
        const said = [
            lockClass.type,
            lockClass.origin && `from ${lockClass.origin}`,
            `name ${lockClass.isInferred ? 'inferred' : 'exact'}${lockClass.naming && ` (${lockClass.naming})`}`,
            !lockClass.isValidated && 'kept out of verdicts',
            lockClass.component !== null && 'on a cycle',
        ].filter(Boolean).join(' · ');
        show(element('h2', { class: 'mono' }, lockClass.name), element('p', { class: 'quiet' }, said),
            element('div', { class: 'row' }, button('Its neighbourhood', () => pane.showClass(lockClass)),
                lockClass.component === null ? null
                    : button('Its cycles', () => pane.showComponent(lockClass.component))),
            side('Taken while it is held', lockClass.outgoing), side('Held when it is taken', lockClass.incoming));
    }

    function showComponent(component) {
        show(element('h3', null, 'Best broken at'), component.cut.map((each) => [
            dependency(each), element('p', { class: 'quiet' }, each.cut),
        ]).flat());
    }

    return {
        showClass, showDependencies, showComponent, dependency, stacks, frames,
        clear: () => show(element('p', { class: 'quiet' },
            'Choose a class or an arrow; + and − show and hide what is next to a class.')),
    };
})();
