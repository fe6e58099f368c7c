using System.Runtime.CompilerServices;
using Broker.Client.Remote;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Client.Hosting;

/// <summary>A broker on another machine, from dependency injection.</summary>
public static class RemoteHosting
{
    /// <summary>
    /// Makes a <see cref="BrokerClient"/> of a broker on another machine available, in place of one in this process. It connects when it is
    /// first asked for; calls wait for that, and fail with <c>BrokerUnreachable</c> when it takes longer than
    /// <see cref="RemoteOptions.ConnectTimeout"/>. It is closed with the provider.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="address">The broker's address, such as `akka.tcp://broker@db1.example:4053`.</param>
    /// <param name="options">As whom, and how.</param>
    // First, because a `new() { User = ... }` may be a delegate too, as far as the compiler looks.
    [OverloadResolutionPriority(1)]
    public static IServiceCollection AddBrokerClient(this IServiceCollection services, string address, RemoteOptions options) =>
        services.AddBrokerClient(address, _ => options);

    /// <inheritdoc cref="AddBrokerClient(IServiceCollection, string, RemoteOptions)"/>
    public static IServiceCollection AddBrokerClient(this IServiceCollection services, string address,
        Func<IServiceProvider, RemoteOptions> options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        return services.AddSingleton(provider => RemoteLink.To(address, options(provider)).Client());
    }
}
