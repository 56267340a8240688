/// The page of a report, as Mustache. It is well-formed XML, has no script and asks for no other file.
enum ReportTemplate {
    /// Colors of the arms; more arms begin again. Okabe and Ito's, which people with any kind of color
    /// blindness tell apart, and lighter ones for dark pages.
    static let colors = 8

    static let page = """
        <!DOCTYPE html>
        <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
        <head>
        <meta charset="utf-8"/>
        <meta name="generator" content="\(mark)"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>{{title}}</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <header>
        <h1>{{title}}</h1>
        <p class="faint">{{subtitle}}</p>
        </header>
        <main>

        <section>
        <h2>Runs</h2>
        <div class="scroll">
        <table>
        <thead><tr><th></th><th>recipe</th><th>run</th><th class="n">seed</th><th>state</th>
        {{#columns}}<th class="n">{{.}}</th>{{/columns}}</tr></thead>
        <tbody>
        {{#runs}}<tr><td><span class="key c{{color}}"></span></td><td>{{arm}}</td><td>{{label}}</td>
        <td class="n">{{seed}}</td><td>{{state}}</td>{{#cells}}<td class="n">{{.}}</td>{{/cells}}</tr>
        {{/runs}}</tbody>
        </table>
        </div>
        <p class="note">Accuracies are top-1 on the validation images, in percent: of the weights that are
        the result, of the mean of the best snapshots, and of the last finished epoch's moving average
        (EMA) and trained network (raw). The result is the best of the average and of the best snapshots
        of either network, so it gains a little by the choice{{#hasData}}; on the images of --data
        it does not, unless these chose it{{/hasData}}. A dash stands for what a run has not, or did not
        record.</p>
        {{#problems}}<p class="problem">{{.}}</p>
        {{/problems}}</section>

        {{#compared}}<section>
        <h2>Compared</h2>
        <div class="scroll">
        <table>
        <thead><tr><th></th><th>recipe</th><th class="n">runs</th><th>seeds</th>
        {{#hasData}}<th class="n">on --data, %</th>{{/hasData}}<th class="n">result, %</th>
        <th class="n">last EMA, %</th></tr></thead>
        <tbody>
        {{#arms}}<tr><td><span class="key c{{color}}"></span></td><td>{{name}}</td>
        <td class="n">{{count}}</td><td>{{seeds}}</td>
        {{#hasData}}<td class="n">{{data}}</td>{{/hasData}}<td class="n">{{result}}</td>
        <td class="n">{{validated}}</td></tr>
        {{/arms}}</tbody>
        </table>
        </div>
        <p class="note">Mean ± standard error over the runs of a recipe that differ in their seed
        alone.</p>
        {{#paired}}
        <h3>Paired differences</h3>
        <div class="scroll">
        <table>
        <thead><tr><th>recipe</th><th>against</th><th>measured</th><th class="n">points of top-1</th>
        <th class="n">standard errors</th><th class="n">pairs</th><th>seeds</th></tr></thead>
        <tbody>
        {{#differences}}<tr><td>{{arm}}</td><td>{{base}}</td><td>{{measure}}</td>
        <td class="n">{{gain}}</td><td class="n">{{errors}}</td><td class="n">{{count}}</td>
        <td>{{seeds}}</td></tr>
        {{/differences}}</tbody>
        </table>
        </div>
        <p class="note">Two runs are a pair where their recipes differ and their seeds are the same: a
        seed draws the first weights, the views and their mixing, so what it favors it favors in both.
        The difference is taken within each pair, the recipe less what it is held against, so that above
        zero the recipe is the better one; shown are its mean over the pairs and the standard error of
        that mean (of a single pair there is none). Recipes are held against the first one on the
        command line; of two runs with one recipe and one seed the first counts.</p>
        {{/paired}}
        {{^paired}}<p class="note">No two runs of different recipes have the same seed, so there are no
        pairs to compare.</p>
        {{/paired}}</section>
        {{/compared}}

        <section>
        <h2>Curves</h2>
        {{#hasCurves}}
        <ul class="legend">{{#legend}}<li><span class="key c{{color}}"></span>{{name}}</li>{{/legend}}</ul>
        <div class="charts">
        {{#charts}}<figure>
        <figcaption><b>{{title}}</b>, {{unit}}{{#note}}<br/><span class="faint">{{.}}</span>{{/note}}</figcaption>
        {{{svg}}}
        </figure>
        {{/charts}}</div>
        {{/hasCurves}}
        {{^hasCurves}}<p class="note">No epoch is finished yet.</p>
        {{/hasCurves}}</section>

        <section>
        <h2>Recipes</h2>
        {{#hasDifferences}}
        <div class="scroll">
        <table>
        <thead><tr><th>key</th>{{#armNames}}<th>{{.}}</th>{{/armNames}}</tr></thead>
        <tbody>
        {{#recipeDifferences}}<tr><td><code>{{key}}</code></td>{{#values}}<td>{{.}}</td>{{/values}}</tr>
        {{/recipeDifferences}}</tbody>
        </table>
        </div>
        {{/hasDifferences}}
        {{^hasDifferences}}<p class="note">{{noDifferences}}</p>
        {{/hasDifferences}}
        {{#recipes}}<details><summary>{{name}}, resolved</summary>
        <pre>{{yaml}}</pre>
        </details>
        {{/recipes}}</section>

        {{#answered}}<section>
        <h2>Classes</h2>
        <div class="charts">
        <figure>
        <figcaption><b>{{classTitle}}</b><br/><span class="faint">{{classNote}}</span></figcaption>
        {{{classChart}}}
        </figure>
        </div>
        <details><summary>All classes</summary>
        <div class="scroll">
        <table>
        <thead><tr><th>class</th><th class="n">images</th>{{#answeredRuns}}<th class="n">{{.}}, %</th>{{/answeredRuns}}</tr></thead>
        <tbody>
        {{#classRows}}<tr><td>{{name}}</td><td class="n">{{images}}</td>{{#values}}<td class="n">{{.}}</td>{{/values}}</tr>
        {{/classRows}}</tbody>
        </table>
        </div>
        </details>

        <h2>Confusions</h2>
        {{#confusions}}<details{{{open}}}><summary><span class="key c{{color}}"></span>{{run}}</summary>
        {{#pairs}}<div class="pair">
        <p><b>{{label}}</b> taken for <b>{{answer}}</b><br/><span class="faint">{{count}}</span></p>
        <div>{{#images}}<img{{#enlarged}} class="enlarged"{{/enlarged}} src="{{{source}}}" alt="{{alt}}"/>{{/images}}</div>
        </div>
        {{/pairs}}{{^pairs}}<p class="note">None: every image is told right.</p>
        {{/pairs}}</details>
        {{/confusions}}
        <p class="note">Of each pair those images are shown of which the network is surest.</p>
        </section>
        {{/answered}}

        {{#hasCaches}}<section>
        <h2>Caches</h2>
        <div class="scroll">
        <table>
        <thead><tr><th>cache</th><th>teacher</th><th>encoding</th><th class="n">responses</th>
        <th class="n">whole epochs</th><th class="n">size</th><th class="n">B a response</th>
        <th class="n">mean KL, nats</th><th class="n">largest KL, nats</th>
        <th class="n">classes stored</th></tr></thead>
        <tbody>
        {{#caches}}<tr><td>{{path}}</td><td>{{teacher}}</td><td>{{encoding}}</td>
        <td class="n">{{responses}}</td><td class="n">{{epochs}}</td><td class="n">{{size}}</td>
        <td class="n">{{perResponse}}</td><td class="n">{{mean}}</td><td class="n">{{largest}}</td>
        <td class="n">{{entries}}</td></tr>
        {{/caches}}</tbody>
        </table>
        </div>
        <p class="note">KL is the divergence of the teacher's response from the stored one.</p>
        </section>
        {{/hasCaches}}

        </main>
        <footer class="faint">{{footer}}</footer>
        </body>
        </html>

        """

    /// What a report's file says of its origin, near its beginning.
    static let mark = "Understudy report"

    private static let style = """
        :root { color-scheme: light dark; --ink: #1a1c20; --faint: #5c626b; --paper: #ffffff;
          --rule: #d9dce1; --grid: #e8eaee; --problem: #9a3b00;
          --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b0579a; --c4: #b98300; --c5: #3f9fd6;
          --c6: #6f58b5; --c7: #555b63; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e6e8eb; --faint: #9aa2ad; --paper: #16181c; --rule: #3a3f47; --grid: #2a2e35;
            --problem: #ffb27d; --c0: #58b0ea; --c1: #ff8a3d; --c2: #35cfa0; --c3: #e493cf;
            --c4: #f0bd3f; --c5: #93d5ff; --c6: #b7a2f5; --c7: #b4bbc5; } }
        @media print {
          :root { color-scheme: light; --ink: #000000; --faint: #444444; --paper: #ffffff;
            --rule: #bbbbbb; --grid: #dddddd; --problem: #9a3b00; --c0: #0072b2; --c1: #d55e00;
            --c2: #009e73; --c3: #b0579a; --c4: #b98300; --c5: #3f9fd6; --c6: #6f58b5; --c7: #555b63; }
          body { max-width: none !important; padding: 0 !important; font-size: 10pt !important; }
          figure, tr, .pair { break-inside: avoid; } h2, h3 { break-after: avoid; }
          .scroll { overflow: visible !important; } }
        body { margin: 0 auto; padding: 1.5rem 2rem 3rem; max-width: 72rem; background: var(--paper);
          color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
          overflow-wrap: break-word; }
        h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .7rem; }
        h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; } header p { margin: .2rem 0 0; }
        .faint, .note { color: var(--faint); } .note { max-width: 46rem; margin: .7rem 0; }
        .problem { color: var(--problem); } footer { margin-top: 3rem; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top;
          border-bottom: 1px solid var(--rule); }
        th { font-weight: 600; vertical-align: bottom; } .n { text-align: right; }
        td.n { white-space: nowrap; }
        code, pre { font: .9em/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
        pre { overflow-x: auto; } details { margin: .6rem 0; } summary { cursor: pointer; }
        .key { display: inline-block; width: .8em; height: .8em; border-radius: 50%;
          background: currentColor; margin-right: .45em; print-color-adjust: exact; }
        .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; padding: 0;
          margin: 0 0 .6rem; } .legend li { min-width: 0; }
        .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr));
          gap: 1.6rem 2rem; align-items: end; }
        figure { margin: 0; min-width: 0; } figcaption { margin-bottom: .3rem; } svg { width: 100%; height: auto; }
        svg text { fill: var(--faint); font-size: 13px; } svg .grid { stroke: var(--grid); }
        svg .axis { stroke: var(--faint); }
        .series { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
        .dashed { stroke-dasharray: 5 3.5; stroke-width: 1.4; } .series path, .dot { fill: currentColor; }
        .series path { stroke: none; } .dot { fill-opacity: .8; }
        .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
        .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
        .c6 { color: var(--c6); } .c7 { color: var(--c7); }
        .pair { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; align-items: center;
          margin: .8rem 0; } .pair p { margin: 0; width: 16rem; max-width: 100%; }
        .pair img { width: 80px; height: 80px; margin-right: .4rem; }
        .enlarged { image-rendering: pixelated; }
        """
}
