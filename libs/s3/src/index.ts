export { s3Bucket, type S3Bucket, type S3Settings } from './bucket.js';
export type {
  Listed,
  ObjectStore,
  ObjectVersion,
  PutOptions,
  ReadObject,
  StoredObject,
  StoreFault,
  UploadKeeper,
  UploadSource,
  UploadState,
} from './object-store.js';
