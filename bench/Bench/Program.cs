using Broker.Bench;

return args is ["errands", .. var rest]
    ? await ErrandsBench.RunAsync(BenchOptions.Parse(rest))
    : BenchOptions.Usage();
