using System.Data.Common;

namespace Broker.Client.Ado;

/// <summary>The commands of a batch, in the order in which they are carried out.</summary>
public sealed class BrokerBatchCommandCollection : DbBatchCommandCollection, IList<BrokerBatchCommand>
{
    private readonly List<BrokerBatchCommand> _all = [];

    internal BrokerBatchCommandCollection() { }

    /// <inheritdoc cref="DbBatchCommandCollection.Count"/>
    public override int Count => _all.Count;

    /// <inheritdoc cref="DbBatchCommandCollection.IsReadOnly"/>
    public override bool IsReadOnly => false;

    /// <summary>The command at a place.</summary>
    public new BrokerBatchCommand this[int index]
    {
        get => _all[index];
        set => _all[index] = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>Adds a command.</summary>
    public void Add(BrokerBatchCommand item) => Add((DbBatchCommand)item);

    /// <inheritdoc/>
    public override void Add(DbBatchCommand item) => _all.Add(Cast(item));

    /// <inheritdoc cref="DbBatchCommandCollection.Clear"/>
    public override void Clear() => _all.Clear();

    /// <inheritdoc/>
    public bool Contains(BrokerBatchCommand item) => _all.Contains(item);

    /// <inheritdoc/>
    public override bool Contains(DbBatchCommand item) => _all.Contains(Cast(item));

    /// <inheritdoc/>
    public void CopyTo(BrokerBatchCommand[] array, int arrayIndex) => _all.CopyTo(array, arrayIndex);

    /// <inheritdoc/>
    public override void CopyTo(DbBatchCommand[] array, int arrayIndex) => _all.ToArray<DbBatchCommand>().CopyTo(array, arrayIndex);

    /// <inheritdoc/>
    public override IEnumerator<DbBatchCommand> GetEnumerator() => _all.GetEnumerator();

    /// <inheritdoc/>
    public int IndexOf(BrokerBatchCommand item) => _all.IndexOf(item);

    /// <inheritdoc/>
    public override int IndexOf(DbBatchCommand item) => _all.IndexOf(Cast(item));

    /// <inheritdoc/>
    public void Insert(int index, BrokerBatchCommand item) => Insert(index, (DbBatchCommand)item);

    /// <inheritdoc/>
    public override void Insert(int index, DbBatchCommand item) => _all.Insert(index, Cast(item));

    /// <inheritdoc/>
    public bool Remove(BrokerBatchCommand item) => _all.Remove(item);

    /// <inheritdoc/>
    public override bool Remove(DbBatchCommand item) => _all.Remove(Cast(item));

    /// <inheritdoc cref="DbBatchCommandCollection.RemoveAt"/>
    public override void RemoveAt(int index) => _all.RemoveAt(index);

    IEnumerator<BrokerBatchCommand> IEnumerable<BrokerBatchCommand>.GetEnumerator() => _all.GetEnumerator();

    /// <inheritdoc/>
    protected override DbBatchCommand GetBatchCommand(int index) => _all[index];

    /// <inheritdoc/>
    protected override void SetBatchCommand(int index, DbBatchCommand batchCommand) => _all[index] = Cast(batchCommand);

    private static BrokerBatchCommand Cast(DbBatchCommand? command) =>
        command as BrokerBatchCommand
            ?? throw new InvalidCastException($"{(command is null ? "null" : $"a {command.GetType().Name}")} is no BrokerBatchCommand");
}
