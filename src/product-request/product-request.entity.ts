/** Owns what a product request is: its row and its GraphQL type. */
import { GraphQLDateTime } from "graphql-scalars";
import { Directive, Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, UpdateDateColumn, VersionColumn } from "typeorm";
import { Access } from "../kernel/access.js";
import { Tenant } from "../tenant/tenant.entity.js";

export enum ProductRequestStatus {
  OPEN = "open",
  WON = "won",
  LOST = "lost",
}

registerEnumType(ProductRequestStatus, {
  name: "ProductRequestStatus",
  description: "How far sales is with a product request.",
  valuesConfig: {
    OPEN: { description: "Nobody has decided yet." },
    WON: { description: "The tenant buys it. What it then has is granted apart from this." },
    LOST: { description: "The tenant does not buy it; it may ask again." },
  },
});

@Entity("product_requests")
@Index("product_requests_open_key", ["tenantId", "product"], { unique: true, where: "status = 'open'" })
@Index("product_requests_tenant_idx", ["tenantId", "createdAt", "id"])
@Index("product_requests_created_idx", ["createdAt", "id"])
@Index("product_requests_status_idx", ["status", "createdAt", "id"])
@Directive('@key(fields: "id")')
@ObjectType({ description: "A tenant's wish to buy a product, which sales works through.", simpleResolvers: true })
export class ProductRequest {
  @PrimaryGeneratedColumn("uuid", { name: "id", primaryKeyConstraintName: "product_requests_pkey" })
  @Field(() => ID)
  id: string;

  @Column("uuid", { name: "tenant_id" })
  @ForeignKey(() => Tenant, { name: "product_requests_tenant_id_fkey", onDelete: "CASCADE" })
  tenantId: string;

  @Column("text", { name: "product" })
  product: string;

  @Column("enum", { name: "status", enum: ProductRequestStatus, enumName: "product_request_status", default: ProductRequestStatus.OPEN })
  @Field(() => ProductRequestStatus)
  status: ProductRequestStatus;

  @Column("text", { name: "message", nullable: true })
  @Field(() => String, { nullable: true, description: "What the tenant wrote to sales." })
  message: string | null;

  @Column("text", { name: "requested_by" })
  requestedById: string;

  @Column("text", { name: "requested_by_name", nullable: true })
  @Field(() => String, { nullable: true, description: "Display name of who asked, as it was then." })
  requestedByName: string | null;

  @Column("text", { name: "decided_by", nullable: true })
  decidedById: string | null;

  @Column("timestamptz", { name: "decided_at", nullable: true })
  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was won or lost." })
  decidedAt: Date | null;

  @Access("product_request.search")
  @Column("text", { name: "note", nullable: true })
  @Field(() => String, { nullable: true, description: "What sales noted; for platform staff." })
  note: string | null;

  @CreateDateColumn({ type: "timestamptz", name: "created_at" })
  @Field(() => GraphQLDateTime)
  createdAt: Date;

  @UpdateDateColumn({ type: "timestamptz", name: "updated_at" })
  @Field(() => GraphQLDateTime)
  updatedAt: Date;

  @VersionColumn({ type: "integer", name: "version", default: 1 })
  @Field(() => Int, { description: "Grows by one with every change; give it back as `expectedVersion` to decide only what you saw." })
  version: number;
}
