// SPDX-License-Identifier: Apache-2.0

/// Which classes the picture shows, and how that changes: a finding, a component or a class to begin with, grown and
/// cut back by hand.
const pane = (() => {
    const firstShown = 40;
    const grown = 20;
    const nearShown = 12;
    const title = element('h2', null);
    const back = button('Back', () => {
        view = past.pop() ?? view;
        draw();
        describe();
    });
    const implied = button('Implied too', () => {
        withImplied = !withImplied;
        draw();
    }, { title: 'Also dependencies that were only ever seen with other locks held between' });
    const legend = element('p', { class: 'legend' });
    document.getElementById('picture-tools').append(title, element('div', { class: 'row' }, back,
        button('Fit', () => picture.fit()), button('+', () => picture.zoom(1.4), { 'aria-label': 'Larger' }),
        button('−', () => picture.zoom(1 / 1.4), { 'aria-label': 'Smaller' }), implied), legend);

    const past = [];
    let view = null;
    let withImplied = false;

    function isDrawn(dependency) {
        return dependency.isDirect || withImplied || view.steps.has(pair(dependency));
    }

    function pair(dependency) {
        return `${dependency.from.index} ${dependency.to.index}`;
    }

    /// The classes next to one on a side, each once, what matters more first.
    function neighbours(lockClass, side) {
        const list = (side === 'in' ? lockClass.incoming : lockClass.outgoing).filter(isDrawn);
        list.sort(byWeight);
        return [...new Set(list.map((each) => (side === 'in' ? each.from : each.to)))];
    }

    function begin(name, subject, classes, steps = [], last = null) {
        if (view !== null) past.push(view);
        view = {
            name, subject,
            shown: new Set(classes),
            steps: new Map(),
            last: last === null ? '' : pair(last),
            growth: new Map(),
            chosen: null,
        };
        steps.forEach((step, index) => {
            const key = pair(step);
            if (!view.steps.has(key)) view.steps.set(key, { number: index + 1, step });
        });
        draw();
    }

    /// Adds the next hidden classes at one side of a class.
    function grow(lockClass, side, limit = grown) {
        const key = `${lockClass.index} ${side}`;
        const added = view.growth.get(key) ?? [];
        const hidden = neighbours(lockClass, side).filter((each) => !view.shown.has(each)).slice(0, limit);
        for (const each of hidden) view.shown.add(each);
        view.growth.set(key, [...added, ...hidden]);
    }

    /// Takes away what was added there, and what was added from those in turn.
    function shrink(lockClass, side) {
        const key = `${lockClass.index} ${side}`;
        const added = view.growth.get(key) ?? [];
        view.growth.delete(key);
        for (const each of added) {
            view.shown.delete(each);
            shrink(each, 'in');
            shrink(each, 'out');
        }
    }

    function growths(lockClass) {
        return ['in', 'out'].flatMap((side) => {
            const list = neighbours(lockClass, side);
            const hidden = list.filter((each) => !view.shown.has(each)).length;
            const change = (act) => () => {
                act(lockClass, side);
                draw(lockClass);
            };
            const what = side === 'in' ? 'held when this is taken' : 'taken while this is held';
            const made = [];
            if (hidden > 0) {
                made.push({ side, label: `+${hidden}`, title: `Show ${hidden} more ${what}`, press: change(grow) });
            }
            if (view.growth.get(`${lockClass.index} ${side}`)?.length > 0) {
                made.push({ side, label: '−', title: `Hide those ${what}`, press: change(shrink) });
            }
            return made.map((each, index) => ({ ...each, row: index }));
        });
    }

    function node(lockClass) {
        const drawn = (list) => new Set(list.filter(isDrawn).map((each) => `${each.from.index} ${each.to.index}`)).size;
        return {
            index: lockClass.index,
            name: lockClass.name,
            under: `${lockClass.type}, ${drawn(lockClass.incoming)} in, ${drawn(lockClass.outgoing)} out`
                + (lockClass.isInferred ? ', inferred' : ''),
            title: `${lockClass.name}${lockClass.origin && `, from ${lockClass.origin}`}`,
            isSubject: view.subject === lockClass,
            isCyclic: lockClass.component !== null,
            isChosen: view.chosen === lockClass,
            grows: growths(lockClass),
            press: () => choose(lockClass, () => details.showClass(lockClass)),
        };
    }

    /// One line in the picture for all dependencies of two classes.
    function edges() {
        const found = new Map();
        const add = (dependency) => {
            const key = pair(dependency);
            if (!found.has(key)) found.set(key, []);
            found.get(key).push(dependency);
        };
        for (const lockClass of view.shown) {
            for (const each of lockClass.outgoing) if (view.shown.has(each.to) && isDrawn(each)) add(each);
        }
        // What a run reported is shown even where the graph lacks it.
        for (const [key, { step }] of view.steps) if (!found.has(key)) found.set(key, [step]);
        return [...found].map(([key, list]) => {
            const step = view.steps.get(key);
            const members = step === undefined ? list : [...new Set([step.step, ...list])];
            return {
                from: list[0].from,
                to: list[0].to,
                isNew: members.some((each) => each.isNew),
                isMay: list.every((each) => each.isMay),
                isDirect: list.some((each) => each.isDirect),
                isCut: list.some((each) => each.cut !== ''),
                isLast: key === view.last,
                step: step === undefined ? null : step.number,
                isChosen: view.chosen === key,
                title: list.map((each) => `${heldName(each)} -> ${takenName(each)}  ${each.where}`).join('\n'),
                press: () => choose(key, () => details.showDependencies(members)),
            };
        });
    }

    function choose(what, show) {
        view.chosen = what;
        draw([...view.shown][0]);
        show();
    }

    /// Draws what is shown; with an `anchor`, that class stays where it is.
    function draw(anchor = null) {
        title.textContent = view.name;
        back.disabled = past.length === 0;
        implied.setAttribute('aria-pressed', String(withImplied));
        const drawn = edges();
        picture.show([...view.shown].map(node), drawn, anchor?.index);
        const [classes, dependencies] = [view.shown.size, drawn.length];
        const said = [counted(classes, 'class', 'classes'), counted(dependencies, 'dependency', 'dependencies')];
        if (view.more > 0) said.push(`${view.more} more behind +`);
        if (drawn.some((each) => each.isNew)) said.push('red: not in the baseline');
        if (drawn.some((each) => each.step !== null)) said.push('numbers: the finding’s steps');
        if (drawn.some((each) => each.isMay)) said.push('dashed: may happen');
        legend.textContent = said.join(' · ');
    }

    function describe() {
        if (view.subject?.signature !== undefined) details.clear();
        else if (view.subject?.cycles !== undefined) details.showComponent(view.subject);
        else if (view.subject !== null) details.showClass(view.subject);
    }

    function showFinding(finding) {
        const classes = [...finding.classes, ...finding.steps.flatMap((step) => [step.from, step.to])];
        const name = `${finding.kind.toUpperCase()} ${finding.signature.slice(0, 8)}`;
        begin(name, finding, classes, finding.steps, finding.kind === 'cycle' ? finding.steps[finding.last] : null);
        describe();
    }

    /// All of a small component; of a large one first what is to be cut, then what lies around that.
    function showComponent(component) {
        const size = component.classes.length;
        const shown = new Set(component.cut.flatMap((each) => [each.from, each.to]).slice(0, firstShown));
        const queue = [...shown, ...component.classes];
        for (const lockClass of queue) {
            if (shown.size >= firstShown && size > firstShown + grown) break;
            shown.add(lockClass);
            for (const each of lockClass.outgoing) {
                if (each.to.component !== component || shown.has(each.to) || shown.size >= firstShown) continue;
                shown.add(each.to);
                queue.push(each.to);
            }
        }
        begin(`${counted(size, 'class', 'classes')} on cycles`, component, shown);
        view.more = size - shown.size;
        draw();
        describe();
    }

    function showClass(lockClass) {
        begin(lockClass.name, lockClass, [lockClass]);
        for (const side of ['in', 'out']) {
            const near = neighbours(lockClass, side).filter((each) => !view.shown.has(each)).slice(0, nearShown);
            for (const each of near) view.shown.add(each);
        }
        draw();
        describe();
        remember(`class=${encodeURIComponent(lockClass.name)}`);
    }

    return { showFinding, showComponent, showClass };
})();

/// Makes the page's address lead back here.
function remember(place) {
    try {
        history.replaceState(null, '', `#${place}`);
    } catch {
        // Some browsers refuse that for files; the page does without.
    }
}
