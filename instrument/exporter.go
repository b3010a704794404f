// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// opened is one backend with the signals that are wanted of it.
type opened struct {
	name string
	Exporters
}

const (
	signalTraces  = "traces"
	signalMetrics = "metrics"
	signalLogs    = "logs"
)

// openExporters opens what the code names and then, for each signal the code
// gave nothing for, what the environment names. When one fails, those before
// it are closed, last first.
func openExporters(ctx context.Context, c *config, s *settings, e *environment) (all []opened, err error) {
	defer func() {
		if err != nil {
			for _, o := range slices.Backward(all) {
				closeExporters(ctx, o.Exporters)
			}
			all = nil
		}
	}()
	add := func(o opener, wanted []string) error {
		exporters, err := openOne(ctx, o, s)
		if err != nil {
			closeExporters(ctx, exporters)
			return fmt.Errorf("instrument: exporter %q: %w", o.name, err)
		}
		e.take(exporters.Variables)
		kept, unwanted := split(exporters, wanted)
		closeExporters(ctx, unwanted)
		all = append(all, opened{o.name, kept})
		return nil
	}
	var covered []string
	for _, o := range c.exporters {
		if err = add(o, []string{signalTraces, signalMetrics, signalLogs}); err != nil {
			return all, err
		}
		covered = append(covered, all[len(all)-1].signals()...)
	}
	var names []string
	wanted := map[string][]string{}
	for _, choice := range []struct {
		signal, variable string
		names            []string
	}{
		{signalTraces, envTracesExporter, s.traces},
		{signalMetrics, envMetricsExporter, s.metrics},
		{signalLogs, envLogsExporter, s.logs},
	} {
		if slices.Contains(covered, choice.signal) {
			e.note(choice.variable, "set in code; ignored")
			continue
		}
		for _, name := range choice.names {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			wanted[name] = append(wanted[name], choice.signal)
		}
	}
	for _, name := range names {
		if err = add(c.opener(name), wanted[name]); err != nil {
			return all, err
		}
		have := all[len(all)-1].signals()
		for _, signal := range wanted[name] {
			if !slices.Contains(have, signal) {
				e.problem(map[string]string{signalTraces: envTracesExporter, signalMetrics: envMetricsExporter, signalLogs: envLogsExporter}[signal],
					fmt.Sprintf("exporter %q exports no %s; ignored", name, signal))
			}
		}
	}
	return all, nil
}

// opener finds an exporter by the name the environment gave; the newest one
// that the code named wins over ours.
func (c *config) opener(name string) opener {
	for _, o := range slices.Backward(c.named) {
		if o.name == name {
			return o
		}
	}
	if name == "console" {
		return opener{name: name, open: func(context.Context) (Exporters, error) { return openConsole(nil) }}
	}
	return opener{name: name}
}

func openOne(ctx context.Context, o opener, s *settings) (exporters Exporters, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("opening it panicked: %v", v)
		}
	}()
	if o.open != nil {
		return o.open(ctx)
	}
	url := o.zipkinURL
	if url == "" {
		url = s.zipkinURL
	}
	return openZipkin(url, s.zipkinTimeout, o.zipkinOptions)
}

func (o opened) signals() []string {
	var signals []string
	if o.Spans != nil {
		signals = append(signals, signalTraces)
	}
	if o.Metrics != nil {
		signals = append(signals, signalMetrics)
	}
	if o.Logs != nil {
		signals = append(signals, signalLogs)
	}
	return signals
}

func split(e Exporters, wanted []string) (kept, unwanted Exporters) {
	kept, unwanted = e, e
	if slices.Contains(wanted, signalTraces) {
		unwanted.Spans = nil
	} else {
		kept.Spans = nil
	}
	if slices.Contains(wanted, signalMetrics) {
		unwanted.Metrics = nil
	} else {
		kept.Metrics = nil
	}
	if slices.Contains(wanted, signalLogs) {
		unwanted.Logs = nil
	} else {
		kept.Logs = nil
	}
	return kept, unwanted
}

// closeExporters shuts down what was opened and is not used. Nothing has been
// sent through it, so its error tells nobody anything.
func closeExporters(ctx context.Context, e Exporters) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if e.Spans != nil {
		_ = contained(func() error { return e.Spans.Shutdown(ctx) })
	}
	if e.Metrics != nil {
		_ = contained(func() error { return e.Metrics.Shutdown(ctx) })
	}
	if e.Logs != nil {
		_ = contained(func() error { return e.Logs.Shutdown(ctx) })
	}
}
