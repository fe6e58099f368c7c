using Broker.Bench;
using Broker.Bench.Remotes;

switch (args)
{
    case ["errands", .. var rest]:
        await ErrandsBench.RunAsync(ErrandsOptions.Parse(rest));
        return 0;
    case ["flush", .. var rest]:
        await FlushBench.RunAsync(FlushOptions.Parse(rest));
        return 0;
    case ["gateway", .. var rest]:
        await GatewayBench.RunAsync(GatewayOptions.Parse(rest));
        return 0;
    case ["remote", .. var rest]:
        await RemoteBench.RunAsync(RemoteBenchOptions.Parse(rest));
        return 0;
    case [RemoteProcess.Word, ..]:
        await RemoteProcess.RunAsync(args.AsMemory(1));
        return 0;
    default:
        Console.Error.WriteLine(ErrandsOptions.Usage());
        Console.Error.WriteLine(FlushOptions.Usage());
        Console.Error.WriteLine(GatewayOptions.Usage());
        Console.Error.WriteLine(RemoteBenchOptions.Usage());
        return 2;
}
