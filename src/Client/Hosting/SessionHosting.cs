using Broker.Client.Executing;
using Broker.Client.Sessions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Broker.Client.Hosting;

/// <summary>Sessions from dependency injection: one for each scope, such as a request of ASP.NET Core or a worker's round.</summary>
public static class SessionHosting
{
    /// <summary>
    /// Makes a <see cref="SessionFactory"/> and a <see cref="SessionExecutor"/> of a database available, and a <see cref="Session"/> for
    /// each scope, which is closed at the scope's end: what was not committed is rolled back. Each can also be asked for by the database's
    /// name, as a keyed service; the first database that is added is the one without a key.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="database">The database's name in the broker's settings.</param>
    /// <param name="options">How its sessions are.</param>
    /// <param name="executor">How its executor runs work.</param>
    public static IServiceCollection AddBrokerSessions(
        this IServiceCollection services, string database, SessionOptions? options = null, ExecutorOptions? executor = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddKeyedSingleton(database,
            (provider, _) => new SessionFactory(provider.GetRequiredService<BrokerClient>(), database, options));
        services.AddKeyedSingleton(database,
            (provider, _) => new SessionExecutor(provider.GetRequiredKeyedService<SessionFactory>(database), executor));
        services.AddKeyedScoped(database, (provider, _) => provider.GetRequiredKeyedService<SessionFactory>(database).Open());
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<SessionFactory>(database));
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<SessionExecutor>(database));
        services.TryAddScoped(provider => provider.GetRequiredKeyedService<Session>(database));
        return services;
    }
}
