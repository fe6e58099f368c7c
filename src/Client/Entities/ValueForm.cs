namespace Broker.Client.Entities;

/// <summary>How the values of a property travel, are compared and copied.</summary>
internal abstract class ValueForm
{
    /// <summary>The type of what is sent, as the server names it: what an array of it is declared as, `[]` behind it.</summary>
    internal required string WireType { get; init; }

    /// <summary>Whether a value can be changed in place, so that a snapshot needs a copy of it.</summary>
    internal bool IsMutable { get; init; }
}

/// <summary>How values of <typeparamref name="TProperty"/> are sent as <typeparamref name="TSent"/>.</summary>
internal sealed class ValueForm<TProperty, TSent> : ValueForm where TSent : notnull
{
    /// <summary>What is sent for a value that is not null; throws <see cref="UnfitValue"/>.</summary>
    internal required Func<TProperty, TSent> Send { get; init; }

    /// <summary>Whether two values are the same to the database.</summary>
    internal Func<TProperty, TProperty, bool> Same { get; init; } = EqualityComparer<TProperty>.Default.Equals;

    /// <summary>What stands for a sent value in a key, where different values are the same to the database; null when none are.</summary>
    internal Func<TSent, TSent>? InKey { get; init; }

    /// <summary>A value that does not change with the other.</summary>
    internal Func<TProperty, TProperty> Copy { get; init; } = static value => value;

    /// <summary>The same for a nullable. Called by reflection.</summary>
    internal static ValueForm Nullable<TValue>(ValueForm<TValue, TSent> form) where TValue : struct => new ValueForm<TValue?, TSent>
    {
        WireType = form.WireType,
        IsMutable = form.IsMutable,
        Send = value => form.Send(value!.Value),
        Same = (one, other) => one is { } some ? other is { } another && form.Same(some, another) : other is null,
        Copy = value => value is { } some ? form.Copy(some) : null,
    };
}

/// <summary>Why a value cannot be sent; caught where entity, property and key are known.</summary>
internal sealed class UnfitValue(string reason) : Exception(reason);
